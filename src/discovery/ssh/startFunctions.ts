/**
 * Shell functions of `hostScript.ts` that start opencode. A service of opencode 2 is started only if none is running, and a
 * server of opencode 1 only if none serves the directory.
 */
export const startFunctions = `# Prints the path of the opencode command. The PATH of a session without a terminal is shorter.
  find_command() {
    command -v opencode && return
    for each in "$HOME/.opencode/bin" "$HOME/.local/bin" "$HOME/.bun/bin" "$HOME/.npm-global/bin" /opt/homebrew/bin /usr/local/bin; do
      [ ! -x "$each/opencode" ] || { echo "$each/opencode"; return; }
    done
    for each in -lc -ic; do
      "\${SHELL:-/bin/sh}" "$each" 'command -v opencode' 2> /dev/null | grep '^/.*opencode$' | tail -n 1 | grep . && return
    done
  }
  # Restores what opencode and the commands of its agents inherit.
  restore() { if [ -n "$locale" ]; then LC_ALL=$locale; else unset LC_ALL; fi; }
  one_line() { tr '\\000-\\037' ' ' | tail -c 1500; }
  # Looks for services again. Succeeds if one is running.
  is_service_running() {
    sockets=$(all_sockets)
    report=
    registrations "$(state_directory)"
    case $report in *"\${tab}service ok "*) return 0 ;; esac
    return 1
  }
  start_service() {
    if is_service_running; then say "running $version"; return; fi
    # opencode itself would send the password to whatever listens there.
    case $report in *"\${tab}service foreign "*)
      say "failed another program listens on the port in $(state_directory)/opencode/service.json; end it first"
      return ;;
    esac
    words=$(restore; cd && "$program" service start 2>&1)
    if is_service_running; then say "started $version"
    else say "failed opencode service start: $(printf '%s' "$words" | one_line)"; fi
  }
  start_server() {
    case $directory in '~') directory=$HOME ;; '~/'*) directory=$HOME/\${directory#??} ;; esac
    if [ -z "$directory" ]; then say "directory opencode $version serves one directory"; return; fi
    if ! words=$(cd && CDPATH= cd -P -- "$directory" 2>&1 && pwd -P); then say "failed $(printf '%s' "$words" | one_line)"; return; fi
    directory=$words
    sockets=$(all_sockets)
    if find_servers | sed -n 's/^server [0-9]* [^ ]* [0-9]* //p' | grep -qxF -- "$directory"; then say "running $version $directory"; return; fi
    output=$(mktemp) || { say "failed no temporary file can be created"; return; }
    detached=nohup
    ! command -v setsid > /dev/null || detached=setsid
    (
      restore
      cd -- "$directory" || exit
      if [ -n "$password" ]; then export OPENCODE_SERVER_USERNAME="$username" OPENCODE_SERVER_PASSWORD="$password"; fi
      exec $detached "$program" serve --hostname 127.0.0.1 --port 0 > "$output" 2>&1
    ) &
    seconds=0
    until grep -q 'listening on' "$output"; do
      if ! kill -0 $! 2> /dev/null; then
        say "failed opencode serve: $(one_line < "$output")"
        rm -f "$output"
        return
      fi
      if [ $seconds -ge 60 ]; then
        kill $!
        say "failed opencode serve does not listen after 60 s: $(one_line < "$output")"
        rm -f "$output"
        return
      fi
      sleep 1
      seconds=$((seconds + 1))
    done
    # opencode has a log of its own.
    rm -f "$output"
    say "started $version $directory"
  }
  start() {
    program=$(find_command)
    if [ -z "$program" ]; then say missing; return; fi
    # An interpreter may lie beside it.
    PATH=\${program%/*}:$PATH
    words=$("$program" --version 2>&1 | tail -n 1)
    version=$(printf '%s\\n' "$words" | sed -n 's/^[^0-9]*\\([0-9][0-9]*\\.[0-9][^ ]*\\).*/\\1/p')
    case $version in
    2.*) start_service ;;
    0.* | 1.*) start_server ;;
    *) say "failed $program --version: $(printf '%s' "$words" | one_line)" ;;
    esac
  }`
