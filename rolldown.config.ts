/** The image and the package run this build: a start loads a few dozen files, not the 500 of the sources and packages. */
import { defineConfig } from 'rolldown'

export default defineConfig({
  // The two workers are started by the names of their files.
  input: ['src/main.ts', 'src/admin/index-worker.ts', 'src/admin/verify-worker.ts'],
  platform: 'node',
  output: { dir: 'dist', cleanDir: true, entryFileNames: '[name].js', chunkFileNames: '[name].js' },
})
