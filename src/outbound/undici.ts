/** What we use of undici. Its main module also loads fetch, WebSocket, caches and mocks: 80 files and 7 MB. */
import connect from 'undici/lib/api/api-connect.js'
import buildConnector from 'undici/lib/core/connect.js'
import Client from 'undici/lib/dispatcher/client.js'
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js'
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js'
import Pool from 'undici/lib/dispatcher/pool.js'

// The main module adds the methods of every dispatcher in this way. The proxy agent needs this one.
Object.assign(Dispatcher.prototype, { connect })

export { buildConnector, Client, Dispatcher, EnvHttpProxyAgent, Pool }
