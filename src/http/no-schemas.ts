/** Fastify's compilers of JSON Schema take 8 MB. Routes check their requests themselves, so none needs them. */
function refuseSchema(): never {
  throw new Error('a route has a JSON Schema, and its compiler is not loaded')
}

export const noSchemas = {
  compilersFactory: { buildValidator: () => refuseSchema, buildSerializer: () => refuseSchema },
}
