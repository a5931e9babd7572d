import { defineConfig } from 'vitest/config'
import { findTools } from './scripts/setup/tools.mjs'

// Under the first, a package's public entry is its source, so that tests never see a stale build. The rest are Vite's own.
const conditions = ['potoroo-source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,apps}/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: 'scripts/vitest/build.ts',
    setupFiles: 'scripts/vitest/no-leaks.ts',
    reporters: ['default', './scripts/vitest/closing-line.ts'],
    env: findTools(),

    // A process for each file: tests start and kill processes, and change what is global, such as unhandled failures.
    pool: 'forks',
    isolate: true,
    maxWorkers: '100%',
    // Long enough for a machine that is busy with something else: no test's verdict may hang on the time of day.
    testTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    hookTimeout: 30_000,
  },
})
