/** Preset and request in, client secret out; knows no HTTP of the caller's side. */
import { ServiceError } from './errors.ts'
import { ConcurrencyGate } from './guards/concurrency.ts'
import type { Asker } from './openai/exchange.ts'
import type { MintOutcome, Upstream } from './openai/mint.ts'
import { resolvePreset } from './presets/access.ts'
import type { Catalog } from './presets/catalog.ts'
import { type Order, placeOrder } from './presets/order.ts'
import type { Preset } from './presets/preset.ts'
import { choosePreset, type MintRequest } from './presets/request.ts'

export interface IssuerOptions {
  /** The one in force. */
  readonly catalog: () => Catalog
  readonly defaultPreset: string | undefined
  readonly upstream: Upstream
  readonly maxConcurrentMints: number
  /** Whether a secret issued now could be recorded. */
  readonly isAuditAvailable: () => boolean
}

export interface Issuer {
  /** The preset that is asked for, if it is for this caller. */
  readonly resolve: (wanted: MintRequest, queryPreset: unknown, origin: string | undefined) => Preset
  /** Exactly what goes upstream. */
  readonly order: (preset: Preset, wanted: MintRequest) => Order
  readonly issue: (order: Order, asker: Asker) => Promise<MintOutcome>
}

/** Each step throws a ServiceError where it refuses; what fails upstream comes back as an outcome. */
export function createIssuer(options: IssuerOptions): Issuer {
  const { catalog, defaultPreset, upstream, isAuditAvailable } = options
  const gate = new ConcurrencyGate(options.maxConcurrentMints)

  return {
    resolve: (wanted, queryPreset, origin) =>
      resolvePreset(catalog(), choosePreset(wanted, queryPreset, defaultPreset), {
        origin,
        claims: undefined,
      }),
    order: placeOrder,
    issue: (order, asker) =>
      gate.run(() => {
        if (!isAuditAvailable()) throw new ServiceError('audit_down')
        return upstream.mint(order, asker)
      }),
  }
}
