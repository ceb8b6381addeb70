/**
 * The POSIX shell script that runs on an ssh host: it reports which opencode servers of its user are running there, and starts one on
 * request. To find servers, it writes nothing and uses only programs that every system has.
 *
 * The script itself arrives on stdin, and ends when its stdin closes. Each answer starts with a mark, because a login shell
 * may print other lines.
 *
 * | lines                                  | answer                                                                    |
 * | -------------------------------------- | ------------------------------------------------------------------------- |
 * | –                                      | `hello`, once, when it is ready                                           |
 * | `scan`                                 | `same` as the last report, or `report` and its records, separated by tabs |
 * | `start`, directory, user name, password | `started VERSION DIRECTORY` or `running VERSION DIRECTORY` (opencode 1 only: the directory); `failed WHY`; `directory WHY` if one is required; `missing` without opencode |
 *
 * | record                             | meaning                                                              |
 * | ---------------------------------- | -------------------------------------------------------------------- |
 * | `host NAME`                        | the host's own name                                                  |
 * | `server PID ADDRESS PORT DIRECTORY` | a listening opencode; the address is in hexadecimal where /proc is   |
 * | `service STATE PID PORT FILE`      | the registration of an opencode 2 service, see `HostReport.ts`       |
 * | `json JSON`                        | the content of the registration before it, only if its state is `ok` |
 * | `unlisted`                         | the system does not list listening sockets                           |
 *
 * Only a registration whose process is alive, belongs to the user and listens on the registered port is told, because the
 * password in it would otherwise be sent to another program.
 */
import { startFunctions } from "./startFunctions.ts"

const script = `
fleet() {
  locale=$LC_ALL LC_ALL=C PATH=\${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin
  export LC_ALL PATH
  mark=$1 last= uid=$(id -u) tab=$(printf '\\t') newline='
'
  # A built-in, because all users can see the arguments of a program.
  case $(command -v printf) in
  /*) say() { print -r -- "$mark $1"; } ;;
  *) say() { printf '%s %s\\n' "$mark" "$1"; } ;;
  esac
  add() { report=$report$tab$1; }
  has_proc() { [ -r /proc/net/tcp ]; }

  # Prints "inode address port" of every listening socket, with address and port in hexadecimal.
  all_sockets() {
    awk '$4 == "0A" { split($2, part, ":"); print $10, part[1], part[2] }' /proc/net/tcp /proc/net/tcp6 2> /dev/null
  }
  # Prints "address port" of each listening socket of a process.
  sockets_of() {
    if has_proc; then
      { echo "$sockets"; ls -l "/proc/$1/fd" 2> /dev/null; } | awk '
        NF == 3 && $1 ~ /^[0-9]+$/ { found[$1] = $2 " " $3; next }
        $NF ~ /^socket:\\[[0-9]+\\]$/ {
          inode = substr($NF, 9, length($NF) - 9)
          if (inode in found) { print found[inode]; delete found[inode] }
        }' | sort -u | while read -r address hex; do echo "$address $((0x$hex))"; done
    else
      lsof -w -nP -a -u "$uid" -p "$1" -iTCP -sTCP:LISTEN -Fn 2> /dev/null | sed -n 's/^n\\(.*\\):\\([0-9]*\\)$/\\1 \\2/p' | sort -u
    fi
  }
  # Whether a process of this user listens on the port.
  owns() {
    if has_proc; then [ -O "/proc/$1" ] || return 1; fi
    sockets_of "$1" | grep -q " $2\\$"
  }
  # Whether a program of any user listens on the port.
  is_taken() {
    if has_proc; then echo "$sockets" | grep -q " $(printf '%04X' "$1")\\$"
    else netstat -an 2> /dev/null | grep -q "[.:]$1 .*LISTEN"; fi
  }

  # Prints the arguments of a process, one per line.
  arguments_of() {
    if has_proc; then tr '\\000\\n' '\\n ' < "/proc/$1/cmdline"; else ps -o args= -p "$1" | tr ' ' '\\n'; fi 2> /dev/null
  }
  is_named_opencode() {
    case \${1##*/} in opencode* | .opencode*) return 0 ;; esac
    return 1
  }
  # Sets \`mode\` to how opencode was started. Fails for any other program.
  is_opencode() {
    words=$(arguments_of "$1")
    first=\${words%%"$newline"*} rest=\${words#*"$newline"}
    if ! is_named_opencode "$first"; then
      case \${first##*/} in node | nodejs | bun | bunx | deno) ;; *) return 1 ;; esac
      is_named_opencode "\${rest%%"$newline"*}" || return 1
    fi
    case $newline$words$newline in
    *"$newline"--stdio"$newline"*) mode=private ;;
    *"$newline"--service"$newline"*) mode=service ;;
    *) mode=server ;;
    esac
  }
  directory_of() {
    if has_proc; then (CDPATH= cd -P "/proc/$1/cwd" && pwd -P)
    else lsof -w -a -p "$1" -d cwd -Fn | sed -n 's/^n//p'; fi 2> /dev/null
  }
  # Prints the value of a variable of a process.
  variable_of() { tr '\\000' '\\n' < "/proc/$1/environ" 2> /dev/null | sed -n "s/^$2=//p"; }
  # Prints the ids of the processes that may be opencode.
  candidates() {
    if has_proc; then
      for process in /proc/[0-9]*; do
        if [ -O "$process" ] && IFS= read -r name < "$process/comm"; then
          case $name in opencode* | .opencode* | node* | bun* | deno* | MainThread) echo "\${process#/proc/}" ;; esac
        fi
      done 2> /dev/null
    else
      lsof -w -nP -a -u "$uid" -iTCP -sTCP:LISTEN -Fp 2> /dev/null | sed -n 's/^p//p'
    fi
  }
  # Prints the servers, and the state directories of services.
  find_servers() {
    for process in $(candidates); do
      is_opencode "$process" && [ "$mode" != private ] || continue
      owned=$(sockets_of "$process")
      [ -n "$owned" ] || continue
      if [ "$mode" = service ]; then
        state=$(variable_of "$process" XDG_STATE_HOME)
        printf 'state %s\\n' "\${state:-$(variable_of "$process" HOME)/.local/state}"
      fi
      cwd=$(directory_of "$process")
      case $cwd in *"$tab"* | *"$newline"*) cwd= ;; esac
      echo "$owned" | while read -r address port; do printf 'server %s %s %s %s\\n' "$process" "$address" "$port" "$cwd"; done
    done
  }

  registration() {
    case $1 in *"$tab"* | *"$newline"*) return ;; esac
    file=$1
    [ -f "$file" ] && [ ! -L "$file" ] || return
    set -- $(ls -ldn "$file" 2> /dev/null)
    case $1 in ?????w* | ????????w*) add "service unsafe 0 0 $file"; return ;; esac
    [ "$3" = "$uid" ] || { add "service unsafe 0 0 $file"; return; }
    [ "$(wc -c < "$file")" -le 65536 ] || { add "service broken 0 0 $file"; return; }
    json=$(tr -d '\\000-\\037' < "$file")
    pid=\${json#*'"pid":'} url=\${json#*'"url":'}
    pid=\${pid#"\${pid%%[! ]*}"} url=\${url#"\${url%%[! ]*}"}
    pid=\${pid%%[!0-9]*} url=\${url#'"'}
    url=\${url%%'"'*}
    case $url in http://*:*) port=\${url##*:} ;; *) port= ;; esac
    port=\${port%%[!0-9]*}
    if [ -z "$pid" ] || [ -z "$port" ] || [ "\${#port}" -gt 5 ]; then add "service broken 0 0 $file"
    elif owns "$pid" "$port"; then
      add "service ok $pid $port $file"
      # The only line with a password.
      add "json $json"
    elif is_taken "$port"; then add "service foreign $pid $port $file"
    else add "service stale $pid $port $file"; fi
  }
  registrations() {
    for each in "$1"/opencode/service.json "$1"/opencode/service-*.json; do registration "$each"; done
  }
  state_directory() {
    case $XDG_STATE_HOME in /*) echo "$XDG_STATE_HOME" ;; *) echo "$HOME/.local/state" ;; esac
  }
  scan() {
    report="report\${tab}host $(uname -n)"
    has_proc || command -v lsof > /dev/null || add unlisted
    states=$(state_directory)
    sockets=$(all_sockets)
    found=$(find_servers)
    IFS=$newline
    set -f
    for each in $found; do
      case $each in 'state '*) states=$states$newline\${each#state } ;; *) add "$each" ;; esac
    done
    set -- $states
    set +f
    unset IFS
    for state do registrations "$state"; done
    if [ "$report" = "$last" ]; then say same; else say "$report"; fi
    last=$report
  }

${startFunctions}

  # Ends a line that was printed without a newline.
  echo
  say hello
  while IFS= read -r verb; do
    case $verb in
    scan) scan < /dev/null ;;
    start)
      IFS= read -r directory
      IFS= read -r username
      IFS= read -r password
      start < /dev/null ;;
    esac
  done
}
`

/** The script and the call that starts it. `mark` consists of letters, digits and dashes. */
export const hostScript = (mark: string): string => `${script}fleet ${mark}; exit\n`
