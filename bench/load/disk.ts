import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a file and makes it durable: what any device must do at the very least. */
export async function writeDurably(folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const file = await open(join(folder, name), 'w', 0o600)
  await file.writeFile('{"token":"of-the-benchmark"}\n')
  await file.sync()
  await file.close()
}

/** Removes what {@link writeDurably} wrote. */
export async function removeFile(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true })
}
