import { ADMIN_TOKEN } from '../admin/admin-service.ts'

/** Options of a browser whose user knows the token. The browser sends it as soon as the listener asks. */
export const operator = { httpCredentials: { username: 'night', password: ADMIN_TOKEN } } as const
