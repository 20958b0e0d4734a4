/** The kinds of deploy/kubernetes, as Kubernetes' API declares them. The tests make JSON Schemas from these types. */
import type { Deployment } from 'kubernetes-types/apps/v1.js'
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js'
import type { Namespace, PersistentVolumeClaim, Service, ServiceAccount } from 'kubernetes-types/core/v1.js'
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'

export interface Kinds {
  readonly Deployment: Deployment
  readonly HorizontalPodAutoscaler: HorizontalPodAutoscaler
  readonly Namespace: Namespace
  readonly NetworkPolicy: NetworkPolicy
  readonly PersistentVolumeClaim: PersistentVolumeClaim
  readonly PodDisruptionBudget: PodDisruptionBudget
  readonly Service: Service
  readonly ServiceAccount: ServiceAccount
}
