// nodemailer's smtp-server, throwing away what it is sent.

const { SMTPServer } = require("smtp-server");

const server = new SMTPServer({
  name: "mx.example.com",
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  disableReverseLookup: true,
  onData(stream, session, callback) {
    stream.on("end", callback);
    stream.resume();
  },
});
server.listen(Number(process.argv[2]), "127.0.0.1");
