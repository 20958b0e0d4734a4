/** The claims that can name the audience: some issuers put it elsewhere than in `aud`. */
export const audienceClaims = ['aud', 'client_id', 'azp'] as const
export type AudienceClaim = (typeof audienceClaims)[number]
