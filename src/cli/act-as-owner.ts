import { statSync } from 'node:fs'

/**
 * Before root writes into a directory of another user, it becomes that user: links in it could lead to files that only
 * root may change. What it needs of root's own files must be read before.
 */
export function actAsOwner(directory: string): void {
  if (process.geteuid?.() !== 0) return
  const owner = statSync(directory, { throwIfNoEntry: false })
  if (owner === undefined || owner.uid === 0) return
  process.setgroups?.([owner.gid])
  process.setegid?.(owner.gid)
  process.seteuid?.(owner.uid)
}
