/** The folder of package.json. This file is one level below it, and so is every file of `dist`. */
export const ROOT = new URL('..', import.meta.url)
