// The part of Express that the sample uses. The package has no types.
declare module 'express' {
  import type { RequestListener } from 'node:http'

  interface Response {
    status(code: number): Response
    json(body: unknown): void
  }
  interface Application {
    use(middleware: RequestListener): void
    post(path: string, route: (request: unknown, response: Response) => Promise<void>): void
    listen(port: number, host: string): void
  }
  const express: { (): Application; json(): RequestListener }
  export default express
}
