import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const seconds = 1_000
const cores = availableParallelism()

/**
 * One group of projects after the other. `core` and `traps` are pure and keep nothing between files, so their files share a process; those
 * of `server` get one each. `traps-gateway` has one gateway for all of its files. A black-box test starts a gateway, a vendor and a
 * database: half the cores, so that its measurements mean something.
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
          include: ['traps/*.test.ts'],
          exclude: ['traps/*.gateway.test.ts'],
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'traps-gateway',
          include: ['traps/*.gateway.test.ts'],
          globalSetup: ['traps/kit/global-gateway.ts'],
          isolate: false,
          testTimeout: 20 * seconds,
          hookTimeout: 60 * seconds,
          // One vendor after the other, at the address that the gateway knows.
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
