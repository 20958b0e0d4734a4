/** The platform that the service runs on, by a variable that the platform sets. Only hints depend on it. */
import type { Settings } from './rules.ts'

/** They discard the root file system of an instance when it ends. */
const platforms = [
  ['K_SERVICE', 'Cloud Run'],
  ['FLY_APP_NAME', 'Fly'],
  ['CONTAINER_APP_NAME', 'Azure Container Apps'],
] as const

/** Undefined where none is known. */
export const findPlatform = (environment: Settings): string | undefined =>
  platforms.find(([variable]) => Boolean(environment[variable]))?.[1]
