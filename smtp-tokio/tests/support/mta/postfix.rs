//! Postfix, with Dovecot to say who may be whom.

use super::{Mta, PASSWORD, USER, local_parts};
use crate::support::program;
use std::os::unix::net::UnixStream;

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/postfix
maillog_file_prefixes = {folder}
myhostname = {name}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
local_header_rewrite_clients =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
message_size_limit = {size}
smtpd_tls_cert_file = {folder}/chain.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = unix:{folder}/dovecot/auth
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access
  inline:{ { {members}@example.com = permit_sasl_authenticated, reject } }
";

const MASTER: &str = "\
127.0.0.1:{starttls} inet n - n - - smtpd
127.0.0.1:{implicit} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

const DOVECOT: &str = "\
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
log_path = {folder}/log/dovecot
ssl = no
protocols =
auth_mechanisms = plain login scram-sha-1 scram-sha-256
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = scheme=PLAIN {folder}/passwords
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
service auth {
  unix_listener auth {
    mode = 0666
  }
}
";

pub(super) fn start() -> Option<Mta> {
    let _ = (program("postfix")?, program("dovecot")?);
    let mut mta = Mta::new("Postfix")?;

    mta.configure("passwords", &format!("{USER}:{PASSWORD}\n"));
    mta.configure("dovecot.conf", DOVECOT);
    mta.spawn(&["dovecot", "-F", "-c", "{folder}/dovecot.conf"]);
    // Without it a `smtpd` fails, and isn't started again for a minute.
    let socket = mta.path("dovecot/auth");
    mta.await_that("Dovecot", || UnixStream::connect(&socket).is_ok());

    let boxes: Vec<_> = local_parts()
        .map(|local_part| format!("{local_part}@example.com={local_part}/"))
        .collect();
    let boxes = format!("virtual_mailbox_maps = inline:{{ {} }}\n", boxes.join(" "));
    mta.run(&["install", "-d", "{folder}/postfix", "{folder}/queue"]);
    mta.run(&["install", "-d", "-o", "postfix", "{folder}/data"]);
    mta.configure("postfix/main.cf", &format!("{MAIN}{boxes}"));
    mta.configure("postfix/master.cf", MASTER);
    mta.run(&["postfix", "-c", "{folder}/postfix", "check"]);
    let programs = mta.run(&[
        "postconf",
        "-c",
        "{folder}/postfix",
        "-h",
        "daemon_directory",
    ]);
    let master = format!("{}/master", programs.trim());
    mta.spawn(&[&master, "-c", "{folder}/postfix", "-d"]);
    Some(mta.started())
}
