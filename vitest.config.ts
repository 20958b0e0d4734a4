import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // Tests import CommonJS packages as Node does.
    deps: { interopDefault: false },
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
