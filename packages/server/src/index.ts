// The server
export { createServer } from './server.ts'
export type { Access, RequestInfo, RequestReport, RouteTools, Server, ServerEnv, ServerOptions } from './options.ts'

// For routes of one's own
export { limitBody } from './body.ts'
export { networkOf } from './access/network.ts'
export { invalid } from './invalid.ts'
export { Problem, problem } from './problem.ts'
export { toJobJson, toQueueJson } from './json.ts'
