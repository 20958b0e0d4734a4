/** undici fails a request whose reply begins with an unasked 100 Continue. It skips any other interim reply. */
import type { Socket } from 'node:net'

const DIGIT_1 = 0x31
const DIGIT_2 = 0x32
const CODE_AT = 'HTTP/1.1 '.length
const interim = /^HTTP\/1\.1 1\d\d/
const END = '\r\n\r\n'

/** Turns each 100 among the interim replies at the start of `bytes` into a 102. */
function renameContinue(bytes: Buffer): void {
  for (let at = 0; interim.test(bytes.toString('latin1', at, at + CODE_AT + 3)); ) {
    if (bytes.toString('latin1', at + CODE_AT, at + CODE_AT + 3) === '100') bytes[at + CODE_AT + 2] = DIGIT_2
    const end = bytes.indexOf(END, at)
    if (end === -1) return
    at = end + END.length
  }
}

/** To be called before undici reads from `socket`. */
export function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket)
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size)
    if (Buffer.isBuffer(chunk) && chunk[CODE_AT] === DIGIT_1) renameContinue(chunk)
    return chunk
  }
}
