import { defineConfig } from 'vitest/config'

/** Tests that start processes or many servers, wait, or try many cases. `npm run test:unit` runs all others. */
const slow = [
  'test/{browser,e2e,metrics,ops,redis}/**/*.test.ts',
  'test/{concurrency,docs,errors,leaks,logger,service}.test.ts',
  'test/admin/{api,attacks,live,openapi,pauses,reload}*.test.ts',
  'test/audit/{full,hang,hooks,huge,keys,links,refusals,retention,upkeep,writer-}*.test.ts',
  'test/audit-reader/{index-,verify-edits}*.test.ts',
  'test/auth/{clock,key-set-proxy,redis-used-tokens}.test.ts',
  'test/cli/{check,pauses,preflight}.test.ts',
  'test/client/examples.test.ts',
  'test/http/{aborted,address-limit,client-address}.test.ts',
  'test/limits/{acl,levels,local-store-property,networks,replicas,shared-store,take-script}.test.ts',
  'test/openai/{clock,deadline,failures,mint,proxy,refusal,reply,retry,states,stray,tls,total,wire}*.test.ts',
  'test/pauses/{pauses,replicas,service}.test.ts',
  'test/presets/{bounds,translation-property}.test.ts',
  'test/routes/{health,order-of-checks,single-use}.test.ts',
  'test/sandbox/{behaviour,calls,malformed,openai-types,record,sandbox,sessions,sockets}.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 20_000,
    // Tests import CommonJS packages as Node does.
    deps: { interopDefault: false },
    projects: [
      // Unit tests share their modules, so that each module loads once.
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: slow, isolate: false },
      },
      { extends: true, test: { name: 'slow', include: slow } },
    ],
    coverage: {
      // In CI the test run also measures coverage. Programs that tests start as processes do not count.
      enabled: process.env['CI'] !== undefined,
      provider: 'v8',
      include: ['src/**/*.ts', 'sandbox/**/*.ts'],
      reporter: ['text', 'text-summary'],
      thresholds: { lines: 95 },
    },
  },
})
