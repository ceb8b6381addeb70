/** The help of a command as data, so that it can be shown without the command-line parser. */

export type Row = readonly [name: string, description: string]

export interface Example {
  readonly command: string
  readonly description?: string | undefined
}

/** Both are written differently: rows in two columns, examples as lines to copy. */
type HelpSection =
  | { readonly title: string; readonly rows: ReadonlyArray<Row> }
  | { readonly title: string; readonly examples: ReadonlyArray<Example> }

export interface Help {
  readonly description: string
  /** The command as it is called. */
  readonly usage: string
  /** Without empty ones. */
  readonly sections: ReadonlyArray<HelpSection>
}
