/** Each request's attempt. All code that reads it imports this file, so that the dependency is visible. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Attempt } from '../attempt.ts'

const NAME = 'attempt'

export function decorateAttempts(app: FastifyInstance): void {
  app.decorateRequest(NAME, null)
}

export function setAttempt(request: FastifyRequest, attempt: Attempt): void {
  request.setDecorator(NAME, attempt)
}

export const attemptOf = (request: FastifyRequest): Attempt => request.getDecorator<Attempt>(NAME)
