//! Exim, with Cyrus SASL to say who may be whom.

use super::{MECHANISMS, Mta, PASSWORD, USER, local_parts};
use crate::support::program;

const EXIM: &str = "\
primary_hostname = {name}
spool_directory = {folder}/spool
log_file_path = {folder}/log/exim-%s
pid_file_path = {folder}/spool/pid
keep_environment = SASL_CONF_PATH
daemon_smtp_ports = {starttls} : {implicit}
tls_on_connect_ports = {implicit}
local_interfaces = 127.0.0.1
host_lookup =
rfc1413_hosts =
message_size_limit = {size}
smtp_accept_queue_per_connection = 0
deliver_drop_privilege
tls_certificate = {folder}/chain.pem
tls_privatekey = {folder}/key.pem
tls_advertise_hosts = *
auth_advertise_hosts = ${if def:tls_in_cipher {*}}
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
mail:
  require
    message = TLS comes first
    encrypted = *
  accept
rcpt:
  deny
    local_parts = {members}
    !authenticated = *
  require
    domains = example.com
    verify = recipient
  accept

begin routers
boxes:
  driver = accept
  domains = example.com
  local_parts = {boxes}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {folder}/mail/$local_part_data
  return_path_add

begin authenticators
";

/// To be said of each mechanism.
const MECHANISM: &str = "\
a{number}:
  driver = cyrus_sasl
  public_name = {mechanism}
  server_realm = {name}
  server_set_id = $auth1
";

const SASL: &str = "\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasl/passwords
";

pub(super) fn start() -> Option<Mta> {
    let (exim, _) = (program("exim4")?, program("saslpasswd2")?);
    let mut mta = Mta::new("Exim")?;
    let user = "Debian-exim";

    mta.run(&[
        "install",
        "-d",
        "-o",
        user,
        "{folder}/spool",
        "{folder}/sasl",
    ]);
    mta.configure("sasl/exim.conf", SASL);
    let add = "printf %s \"$0\" | saslpasswd2 -p -c -f {folder}/sasl/passwords -u {name} \"$1\"";
    mta.run(&["sh", "-c", add, PASSWORD, USER]);
    mta.run(&["chown", user, "{folder}/sasl/passwords"]);

    let boxes: Vec<_> = local_parts().collect();
    let mut config = EXIM.replace("{boxes}", &boxes.join(" : "));
    for (number, name) in MECHANISMS.iter().enumerate() {
        let mechanism = MECHANISM.replace("{mechanism}", name);
        config += &mechanism.replace("{number}", &number.to_string());
    }
    let exim = exim.to_string_lossy();
    // It runs itself again to write notifications.
    mta.configure("exim.conf", &format!("exim_path = {exim}\n{config}"));
    let path = "SASL_CONF_PATH={folder}/sasl";
    mta.spawn(&["env", path, &exim, "-C", "{folder}/exim.conf", "-bdf"]);
    Some(mta.started())
}
