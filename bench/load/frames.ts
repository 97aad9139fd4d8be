const TEXT = 0x81
const MASKED = 0x80

/** A WebSocket text frame with an all-zero mask, which leaves the payload as it is. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const extended = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8
  const frame = Buffer.alloc(2 + extended + 4 + payload.length)
  frame[0] = TEXT
  if (extended === 0) frame[1] = MASKED | payload.length
  if (extended === 2) {
    frame[1] = MASKED | 126
    frame.writeUInt16BE(payload.length, 2)
  }
  if (extended === 8) {
    frame[1] = MASKED | 127
    frame.writeBigUInt64BE(BigInt(payload.length), 2)
  }
  payload.copy(frame, 2 + extended + 4)
  return frame
}

/** Cuts a stream of bytes into the payloads of the server's (unmasked, unfragmented) frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): readonly Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const payloads: Buffer[] = []
    let at = 0
    for (let frame = readFrame(bytes, at); frame !== null; frame = readFrame(bytes, at)) {
      payloads.push(bytes.subarray(frame.start, frame.end))
      at = frame.end
    }
    this.#rest = bytes.subarray(at)
    return payloads
  }
}

function readFrame(bytes: Buffer, at: number): { readonly start: number; readonly end: number } | null {
  if (bytes.length < at + 2) return null
  const short = (bytes[at + 1] ?? 0) & 0x7f
  const extended = short < 126 ? 0 : short === 126 ? 2 : 8
  const start = at + 2 + extended
  if (bytes.length < start) return null
  const length =
    extended === 0
      ? short
      : extended === 2
        ? bytes.readUInt16BE(at + 2)
        : Number(bytes.readBigUInt64BE(at + 2))
  return bytes.length < start + length ? null : { start, end: start + length }
}
