/** The scripts that teach a shell to complete. All they know is how to ask `opencode-fleet __complete`. */

export const shells = ["bash", "zsh", "fish"] as const

export type Shell = (typeof shells)[number]

/** Works with bash 3.2 of macOS, without bash-completion. */
const bash = `_opencode_fleet() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(opencode-fleet __complete bash -- "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
}
complete -o nosort -F _opencode_fleet opencode-fleet 2>/dev/null || complete -F _opencode_fleet opencode-fleet`

const zsh = `#compdef opencode-fleet
_opencode_fleet() {
  local -a found
  found=("\${(@f)$(opencode-fleet __complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  [[ -n "$found[1]" ]] && _describe -V opencode-fleet found -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]} l:|=* r:|=*'
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _opencode_fleet opencode-fleet`

const fish = `function __opencode_fleet_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    opencode-fleet __complete fish -- $words[2..] "$current" 2>/dev/null
end
complete -c opencode-fleet -f -a '(__opencode_fleet_complete)'`

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }
