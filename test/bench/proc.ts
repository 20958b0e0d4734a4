/** What a process uses. Other processes are known on Linux only. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

// Linux reports to user space in hundredths of a second, whatever the kernel ticks at: proc_pid_stat(5).
const MICROS_PER_TICK = 10_000

const SETTLE_MS = 100

/** Milliseconds of wall time and of this process's CPU. Other load on the machine disturbs CPU time less. */
export async function timeWork(work: () => Promise<unknown>): Promise<{ ms: number; cpuMs: number }> {
  const [startedAt, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { ms: performance.now() - startedAt, cpuMs: (user + system) / 1_000 }
}

/** Resident memory: now (`VmRSS`), or the most so far (`VmHWM`). */
export function readMib(
  { pid }: { readonly pid?: number | undefined },
  field: 'VmRSS' | 'VmHWM' = 'VmRSS',
): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1_024
}

/** User plus system time of all threads of a process since its start, in µs. */
export function readCpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field, the command's name, may contain spaces. Fields 14 and 15 are utime and stime.
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fromThird[11]) + Number(fromThird[12])) * MICROS_PER_TICK
}

/** The CPU of a process while `work` sends it `count` requests: µs for each. And the result of `work`. */
export async function measureCpu<Result>(pid: number, count: number, work: () => Promise<Result>) {
  const before = readCpuMicros(pid)
  const result = await work()
  // Log lines not yet written and sockets not yet closed are part of the cost.
  await sleep(SETTLE_MS)
  return { result, cpuMicros: (readCpuMicros(pid) - before) / count }
}
