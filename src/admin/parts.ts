import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { AuditKeys } from '../audit/keys.ts'
import type { CallerGuard } from '../auth/caller.ts'
import type { Conditions } from '../conditions.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Limits } from '../limits/levels.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Upstream } from '../openai/mint.ts'
import type { Pauses } from '../pauses/pauses.ts'
import type { Catalog } from '../presets/load/catalog.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { Secret } from '../secret.ts'
import type { Watched } from '../watched-file.ts'

/** The parts of the service that the listener shows. */
export interface AdminParts {
  readonly audit: Audit
  readonly auditKeys: AuditKeys
  readonly upstream: Upstream
  /** Null where this process counts alone. */
  readonly redis: RedisConnection | null
  readonly lifecycle: Lifecycle
  /** Undefined where callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
  readonly limits: Limits
  readonly maxConcurrentMints: number
  readonly presets: Watched<Catalog>
  readonly pauses: Pauses
  readonly allowedOrigins: ReadonlySet<string>
  readonly apiKey: Watched<Secret>
  readonly conditions: Conditions
  readonly metrics: Metrics
  readonly logger: Logger
  readonly auditDirectory: string
  /** Whether the API key is read from a file. */
  readonly hasApiKeyFile: boolean
}
