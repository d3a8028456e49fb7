import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const seconds = 1_000
const cores = availableParallelism()

/**
 * Three projects, one after the other. `core` is pure and keeps nothing between files, so its files share a process; the others
 * get one each. A black-box test starts a gateway, a vendor and a database: half the cores, so that its measurements mean something.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          include: ['core/**/*.test.ts', 'catalog/**/*.test.ts'],
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['{server,cli,scripts,bench,bin}/**/*.test.ts'],
          testTimeout: 20 * seconds,
          hookTimeout: 60 * seconds,
          maxWorkers: cores,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'traps',
          include: ['traps/**/*.test.ts'],
          isolate: false,
          testTimeout: 20 * seconds,
          hookTimeout: 60 * seconds,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 60 * seconds,
          hookTimeout: 60 * seconds,
          maxWorkers: Math.max(1, Math.floor(cores / 2)),
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
