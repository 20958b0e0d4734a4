// The faulty gateway as a process of its own: every STRAY_EVERYth reply has a stray one of STRAY_KIND, up to 1 s late.
import { startFaultyGateway, strayKinds } from '../../sandbox/faulty-gateway.ts'

const { PORT, STRAY_KIND, STRAY_EVERY, LATENCY_MS } = process.env
const every = Number(STRAY_EVERY)
const kind = strayKinds.find((name) => name === STRAY_KIND)

await startFaultyGateway({
  port: Number(PORT),
  latencyMs: Number(LATENCY_MS),
  // 61 delays in an order without a pattern; the first is 0.
  strayOf: (count) =>
    kind !== undefined && count % every === 0
      ? { kind, lateMs: ((((count / every) * 37) % 61) / 60) * 1000 }
      : undefined,
})
