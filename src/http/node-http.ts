/**
 * Node's HTTP server. An import statement would read every export of node:http, and its WebSocket loads Node's whole
 * fetch: a start would take a quarter longer, and 6 MB more.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
