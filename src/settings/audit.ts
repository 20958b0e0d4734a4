/** `AUDIT_*`: where records are, for how long, and what is in them. */
import { z } from 'zod'
import { auditKey, flag, wholeNumber } from './validators.ts'

export const auditVariables = {
  AUDIT_DIR: z.string().default('./audit'),
  AUDIT_DURABILITY: z.enum(['fsync', 'write'], { error: 'must be fsync or write' }).default('fsync'),
  AUDIT_KEY: auditKey.optional(),
  AUDIT_IDENTITIES: z
    .enum(['pseudonym', 'plain'], { error: 'must be pseudonym or plain' })
    .default('pseudonym'),
  AUDIT_RETENTION_DAYS: wholeNumber(0, 36_500).default(180),
  AUDIT_COPY_TO_LOG: flag.default(false),
}

export const toAuditConfig = (data: z.infer<z.ZodObject<typeof auditVariables>>) =>
  Object.freeze({
    directory: data.AUDIT_DIR,
    durability: data.AUDIT_DURABILITY,
    key: data.AUDIT_KEY,
    identities: data.AUDIT_IDENTITIES,
    retentionDays: data.AUDIT_RETENTION_DAYS,
    copyToLog: data.AUDIT_COPY_TO_LOG,
  })
