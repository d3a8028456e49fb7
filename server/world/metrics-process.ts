import type { Metric, MetricValues } from '@prometheus-io/client/lib/registry.js'

/**
 * What the process itself takes, under the names that dashboards for Prometheus and Node already know. Everything is read when somebody
 * scrapes: nothing is observed in between.
 */
export const processMetrics = (): readonly Metric[] => [
  one('counter', 'process_cpu_user_seconds_total', 'CPU time in user mode.', () => process.cpuUsage().user / MICROS),
  one(
    'counter',
    'process_cpu_system_seconds_total',
    'CPU time in the kernel.',
    () => process.cpuUsage().system / MICROS,
  ),
  one('counter', 'process_cpu_seconds_total', 'CPU time, user and system.', cpuSeconds),
  one('gauge', 'process_start_time_seconds', 'Start of the process, in seconds since 1970.', startSeconds),
  one('gauge', 'process_resident_memory_bytes', 'Memory that the process holds.', () => process.memoryUsage.rss()),
  one(
    'gauge',
    'nodejs_heap_size_total_bytes',
    'Heap that the process has reserved.',
    () => process.memoryUsage().heapTotal,
  ),
  one('gauge', 'nodejs_heap_size_used_bytes', 'Heap that is in use.', () => process.memoryUsage().heapUsed),
  one('gauge', 'nodejs_external_memory_bytes', 'Memory outside the heap.', () => process.memoryUsage().external),
]

const MICROS = 1_000_000

function one(type: MetricValues['type'], name: string, help: string, read: () => number): Metric {
  return { name, get: () => ({ name, help, type, values: [{ value: read() }] }) }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / MICROS
}

const startSeconds = (): number => Math.round(performance.timeOrigin / 1_000)
