/**
 * The POSIX shell script that runs on the relay: it maintains one registration there, controlled by lines on its stdin.
 *
 * The script itself also arrives on stdin. No value of an instance therefore becomes part of a command line: a name or a
 * path is one line, which `read -r` takes literally. Each answer starts with a mark, because a login shell may print
 * other lines.
 *
 * | lines                             | answer                                                     |
 * | --------------------------------- | ---------------------------------------------------------- |
 * | –                                 | `hello`, once, when it is ready                            |
 * | `where`, port                     | where the tunnel's end listens: `private`, `open ADDRESSES`, or `unknown` |
 * | `put`, directory, file name, port, route, JSON | `put FILE`, or `failed WHY`. The route is for pings |
 * | `ping`                            | `pong gone` without a registration; else `pong CODE`, the HTTP status through the tunnel: `000` for no answer, `none` without curl |
 * | `bye`                             | `bye`; removes the registration and ends                   |
 *
 * When its stdin closes, the script ends and keeps the registration, because a sleeping machine returns.
 */
const script = `
# The addresses at which a port listens, one a line: in the kernel's hexadecimal form, or as a program prints them.
listening() {
  hex=$(printf %04X "$1")
  found=$(grep -hi "^ *[0-9]*: [0-9A-F]*:$hex 0*:0000 0A " /proc/net/tcp /proc/net/tcp6 2> /dev/null)
  if [ -z "$found" ]; then found=$(ss -Hltn 2> /dev/null | grep "[.:]$1 "); fi
  if [ -z "$found" ]; then found=$(netstat -an 2> /dev/null | grep -i "^tcp.*[.:]$1 .*LISTEN"); fi
  if [ -z "$found" ]; then return; fi
  printf '%s\\n' "$found" | while read -r one two three four rest; do
    case $one in
    *:) echo "\${two%:*}" ;;
    *) echo "\${four%[.:]*}" ;;
    esac
  done
}
reach() {
  open= addresses=$(listening "$1")
  if [ -z "$addresses" ]; then echo unknown; return; fi
  # Word by word; an address contains no blank, and \`set -f\` leaves a * alone.
  set -f
  for address in $addresses; do
    case $address in
    127.*|::1|'[::1]'|::ffff:127.*|'[::ffff:127.'*) ;;
    ??????7F|7F000001|0000000000000000FFFF0000??????7F) ;;
    00000000000000000000000001000000|00000000000000000000000000000001) ;;
    00000000|'*'|0.0.0.0) open="$open 0.0.0.0" ;;
    00000000000000000000000000000000|::|'[::]') open="$open [::]" ;;
    *) open="$open $address" ;;
    esac
  done
  set +f
  if [ -n "$open" ]; then echo "open$open"; else echo private; fi
}
fleet() {
  umask 077
  say() { printf '%s %s\\n' "$1" "$2"; }
  file= port= route=
  # Ends a line that was printed without a newline.
  echo
  say "$1" hello
  while IFS= read -r verb; do
    case $verb in
    where)
      IFS= read -r port
      say "$1" "$(reach "$port" < /dev/null)" ;;
    put)
      IFS= read -r dir; IFS= read -r name; IFS= read -r port; IFS= read -r route; IFS= read -r json
      case $dir in
      '') case $XDG_DATA_HOME in /*) dir=$XDG_DATA_HOME ;; *) dir=$HOME/.local/share ;; esac
          dir=\${RELAY_REGISTRY_DIR:-$dir/opencode-relay} ;;
      esac
      case $dir in '~') dir=$HOME ;; '~/'*) dir=$HOME/\${dir#??} ;; esac
      case $dir in /*) ;; *) say "$1" "failed the relay directory $dir is not an absolute path"; continue ;; esac
      target=$dir/$name
      draft=$dir/.$name.$$.new
      if ! error=$(mkdir -p -m 700 -- "$dir" 2>&1); then say "$1" "failed $dir cannot be created: $error"
      elif [ -L "$target" ] || { [ -e "$target" ] && ! [ -f "$target" ]; }; then say "$1" "failed $target is not a regular file"
      elif error=$({ rm -f -- "$draft"; set -C; printf '%s\\n' "$json" > "$draft" && mv -f -- "$draft" "$target"; } 2>&1); then
        # Only a registration that was written here is pinged and removed.
        file=$target
        say "$1" "put $file"
      else
        rm -f -- "$draft"
        say "$1" "failed $target cannot be written: $error"
      fi ;;
    ping)
      code=none
      if [ -L "$file" ] || ! [ -f "$file" ]; then code=gone
      elif command -v curl > /dev/null; then
        code=$(curl -q --silent --noproxy '*' --max-time 8 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port$route" < /dev/null)
      fi
      say "$1" "pong $code" ;;
    bye)
      if [ -n "$file" ]; then rm -f -- "$file"; fi
      say "$1" bye
      exit 0 ;;
    esac
  done
}
`

/** The script and the call that starts it. `mark` consists of letters, digits and dashes. */
export const relayScript = (mark: string): string => `${script}fleet ${mark}; exit\n`
