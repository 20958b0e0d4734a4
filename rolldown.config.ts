/** The image and the package run this build: a start loads a few dozen files, not the 500 of the sources and packages. */
import { defineConfig } from 'rolldown'

export default defineConfig({
  // The two workers are started by the names of their files.
  input: ['src/main.ts', 'src/admin/index-worker.ts', 'src/admin/verify-worker.ts'],
  platform: 'node',
  // Fastify requires these only for JSON Schemas and for tests. They would be half of the largest file.
  external: ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'],
  output: {
    dir: 'dist',
    cleanDir: true,
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  },
})
