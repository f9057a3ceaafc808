package io.hubspoke.tunnel.ssh;

import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.util.buffer.Buffer;

/**
 * Answers every global request with a failure. To a keep-alive that is an answer like any other, as
 * OpenSSH gives it; to everything else, remote forwarding above all, it is a no.
 */
public final class Refusals implements RequestHandler<ConnectionService> {
  @Override
  public Result process(
      ConnectionService service, String request, boolean wantReply, Buffer message) {
    return Result.ReplyFailure;
  }
}
