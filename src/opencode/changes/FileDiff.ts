/** The change of one file by one turn, as opencode reports it. */
export interface FileDiff {
  /** Relative to the root of the repository. */
  readonly file?: string
  /**
   * A unified diff with the whole file as context. Empty for a binary file. Has no hunks for a file whose name git quotes.
   */
  readonly patch?: string
  readonly additions: number
  readonly deletions: number
  readonly status?: "added" | "deleted" | "modified"
}
