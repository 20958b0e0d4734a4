import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { enough } from './support.ts'

const warningsOf = (environment: Record<string, string>): readonly string[] =>
  parseConfig({ ...enough, ...environment }).warnings

describe('a warning suggests a setting for a name that', () => {
  it.each([
    ['has two letters swapped', 'REDIS_REQUIERD', 'REDIS_REQUIRED'],
    ['lacks a letter', 'ALOWED_ORIGINS', 'ALLOWED_ORIGINS'],
    ['has two letters more', 'TRUSTED_PROXY', 'TRUST_PROXY'],
    ['is short and lacks a letter', 'LOGLEVEL', 'LOG_LEVEL'],
    ['has another ending', 'REDIS_URI', 'REDIS_URL'],
    ['other programs have for the setting', 'CORS_ORIGINS', 'ALLOWED_ORIGINS'],
    ['other programs have for proxies', 'TRUSTED_PROXIES', 'TRUST_PROXY'],
    ['is the beginning of several settings', 'RATE_LIMIT', 'RATE_LIMIT_PER_ADDRESS'],
    ['has a prefix of ours', 'ADMIN_PROT', 'ADMIN_PORT'],
  ])('%s: %s', (_, name, expected) => {
    expect(warningsOf({ [name]: 'tcp' })).toEqual([`${name}: is not a setting. Did you mean ${expected}?`])
  })
})

/** What Kubernetes sets for a service, in the order of its documentation. */
function linksOf(service: string): Record<string, string> {
  const tcp = `${service}_PORT_8080_TCP`
  return {
    [`${service}_SERVICE_HOST`]: '10.96.0.7',
    [`${service}_SERVICE_PORT`]: '8080',
    [`${service}_SERVICE_PORT_HTTP`]: '8080',
    [`${service}_PORT`]: 'tcp://10.96.0.7:8080',
    [tcp]: 'tcp://10.96.0.7:8080',
    [`${tcp}_PROTO`]: 'tcp',
    [`${tcp}_PORT`]: '8080',
    [`${tcp}_ADDR`]: '10.96.0.7',
  }
}

const services = `
  KUBERNETES MINT REDIS AUTH AUTH_API AUTH_ISSUER_KEYS ADMIN_API ADMIN_PAGE ADMINS AUDIT AUDIT_API AUDIT_DB
  OPENAI OPENAI_PROXY UPSTREAM UPSTREAM_API TRUST_PROXY REALTIME_MINT LOG NO_PROXY`

const container = `
  PATH HOME HOSTNAME USER PWD TERM TZ LANG LC_ALL NODE_VERSION YARN_VERSION NODE_ENV NODE_OPTIONS POD_NAME
  POD_NAMESPACE POD_IP NODE_NAME REDIS_HOST REDIS_PORT REDIS_DB REDIS_SSL REDIS_TLS REDIS_USER REDIS_AUTH
  REDIS_PASSWORD REDIS_TLS_URL DATABASE_URL POSTGRES_USER POSTGRES_PASSWORD HTTP_PROXY ALL_PROXIES FTP_PROXY
  SENTRY_DSN OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_ENDPOINT DD_AGENT_HOST AWS_REGION AWS_ROLE_ARN AZURE_CLIENT_ID
  GOOGLE_APPLICATION_CREDENTIALS GEMINI_API_KEY ANTHROPIC_API_KEY AZURE_OPENAI_API_KEY K_SERVICE K_REVISION
  FLY_APP_NAME CONTAINER_APP_NAME WEBSITE_SITE_NAME WEBSITES_PORT PUBLISH_PORT SITE_ADDRESS`

const actions = `
  CI GITHUB_ACTIONS GITHUB_ACTOR GITHUB_BASE_REF GITHUB_ENV GITHUB_JOB GITHUB_OUTPUT GITHUB_PATH GITHUB_REF
  GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_SERVER_URL GITHUB_SHA GITHUB_STEP_SUMMARY GITHUB_TOKEN GITHUB_WORKSPACE
  RUNNER_ARCH RUNNER_NAME RUNNER_OS RUNNER_TEMP RUNNER_TOOL_CACHE RUNNER_WORKSPACE ACTIONS_CACHE_URL
  ACTIONS_RUNTIME_TOKEN ACTIONS_RUNTIME_URL ACTIONS_RESULTS_URL ACTIONS_ID_TOKEN_REQUEST_URL AGENT_TOOLSDIRECTORY
  ANDROID_HOME CHROME_BIN DEBIAN_FRONTEND DOTNET_NOLOGO GOROOT_1_22_X64 ImageOS ImageVersion JAVA_HOME_17_X64
  PERFLOG_LOCATION_SETTING SWIFT_PATH VCPKG_INSTALLATION_ROOT XDG_CONFIG_HOME`

const shell = `
  SHELL LOGNAME SHLVL OLDPWD EDITOR PAGER LESS LS_COLORS DISPLAY COLORTERM TERM_PROGRAM SSH_AUTH_SOCK SSH_CONNECTION
  DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR XDG_SESSION_ID NVM_DIR NVM_BIN GOPATH GOPROXY RUST_LOG LOG_FORMAT
  http_proxy npm_config_proxy npm_config_noproxy npm_config_log_level npm_package_name
  npm_lifecycle_event INIT_CWD NODE`

describe('no warning is about the variables of', () => {
  it.each(services.trim().split(/\s+/))('the service %s in Kubernetes', (service) => {
    expect(warningsOf(linksOf(service))).toEqual([])
  })

  it.each([
    ['a container', container],
    ['GitHub Actions', actions],
    ['a shell', shell],
  ])('%s', (_, names) => {
    expect(
      warningsOf(
        Object.fromEntries(
          names
            .trim()
            .split(/\s+/)
            .map((name) => [name, '1']),
        ),
      ),
    ).toEqual([])
  })
})
