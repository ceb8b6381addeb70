/** Whether one directory lies within another. */

/** opencode 2 takes a directory with a slash at its end for another one. */
export const withoutSlash = (directory: string) =>
  /[^:\\/][\\/]+$/u.test(directory) ? directory.replace(/[\\/]+$/u, "") : directory

/** Whether the directory is `parent` or below it. Every directory is within the empty one. */
export const isWithin = (directory: string, parent: string): boolean => {
  const root = withoutSlash(parent.trim())
  return (
    root === "" ||
    directory === root ||
    (directory.startsWith(root) && (/[\\/]$/u.test(root) || /[\\/]/u.test(directory.charAt(root.length))))
  )
}
