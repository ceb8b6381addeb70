/** Recordings from a Linux machine and its `lsof`, with a few rows added by hand. */

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

/** The second row was changed to user 1000, and a connection was added before the last row, which is one, too. */
export const tcp = `${head}                                                     
   0: 0200007F:AFCF 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3122192 1 000000002e85cd53 100 0 0 10 0                   
   1: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1060 1 00000000319520c3 100 0 0 10 0                      
   2: 00000000:AFCA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3122187 1 00000000c4691bf8 100 0 0 10 0                   
   3: 0100007F:AFC9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3122186 1 00000000726bfed2 100 0 0 10 0                   
   4: 020200C0:D2B0 0E2A12C6:01BB 01 00000000:00000000 02:00000A1C 00000000     0        0 3122205 2 00000000c80a46fc 20 4 30 10 -1                   
   5: 0100007F:AEBC 0100007F:9777 06 00000000:00000000 03:0000090F 00000000     0        0 0 3 0000000023f561b5                                      
`

/** The row of fd00::2 was added. */
export const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:AFCC 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3122189 1 000000007f3c6d67 100 0 0 10 0
   1: 000000FD000000000000000002000000:AFD0 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3122193 1 000000001f3c6d67 100 0 0 10 0
   2: 00000000000000000000000000000000:AFCB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3122188 1 000000004bad685a 100 0 0 10 0
   3: 0000000000000000FFFF00000100007F:AFCE 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3122191 1 000000009399d072 100 0 0 10 0
`

/** `lsof -w -n -P -a -u 0 -iTCP -sTCP:LISTEN -FpcftdnT` on Linux, of two recordings. */
export const lsofOnLinux = `p7411
cnode
f19
tIPv4
d3122186
n127.0.0.1:45001
TST=LISTEN
TQR=0
TQS=0
f20
tIPv4
d3122187
n*:45002
TST=LISTEN
TQR=0
TQS=0
f21
tIPv6
d3122188
n*:45003
TST=LISTEN
TQR=0
TQS=0
f22
tIPv6
d3122189
n[::1]:45004
TST=LISTEN
TQR=0
TQS=0
f24
tIPv6
d3122191
n127.0.0.1:45006
TST=LISTEN
TQR=0
TQS=0
p9848
copencode
f18
tIPv4
d3124810
n*:4177
TST=LISTEN
TQR=0
TQS=0
`

/** Not recorded but composed after lsof's manual and source. */
export const lsofOnMacOS = `p612
crapportd
f8
tIPv4
d0x7d5cbd7d4f4a3b1f
n*:49153
TST=LISTEN
TQR=0
TQS=0
f9
tIPv6
d0x7d5cbd7d4f4a411f
n[fe80:4::aede:48ff:fe00:1122]:49153
TST=LISTEN
TQR=0
TQS=0
p4711
copencode
f13
tIPv4
d0x7d5cbd7d4f4a5c1f
n127.0.0.1:4096
TST=LISTEN
TQR=0
TQS=0
p4712
cGoogle\\x20Chrome\\x20He
f31
tIPv6
d0x7d5cbd7d4f4a5d2f
n[::1]:9222
TST=LISTEN
TQR=0
TQS=0
`

/** `lsof -w -n -P -a -p 4711,4712 -d cwd -Fpfn`. */
export const lsofDirectories = `p4711
fcwd
n/Users/ada/work/web shop
p4712
fcwd
n/Users/ada/\\xc3\\xbcber
`
