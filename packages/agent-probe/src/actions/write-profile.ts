import { writeFile } from 'node:fs/promises'
import type { Outcome } from './offer.ts'

/** Writes a profile of the inspector's as the file that the standard tools open, and tells what came of it. */
export const writeProfile = async ({
  file,
  profile,
  open,
}: {
  file: string
  profile: object
  /** With what, for people. */
  open: string
}): Promise<Outcome> => {
  const text = JSON.stringify(profile)
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  const { samples } = profile as { samples?: readonly unknown[] }
  return {
    result: { file, bytes: Buffer.byteLength(text), samples: samples?.length ?? 0, open },
    irreversible: 'Nothing was changed; the file may be deleted.',
  }
}
