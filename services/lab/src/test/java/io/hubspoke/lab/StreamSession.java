package io.hubspoke.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A kubectl version, and the transport that it is told to use for streams. */
record StreamSession(Path binary, boolean webSockets) {
  private static final Pattern MINOR = Pattern.compile("kubectl\\.1\\.(\\d+)");

  /** From this one on it speaks WebSocket for exec and attach, later also for port-forward. */
  private static final int FIRST_WITH_WEB_SOCKETS = 29;

  private static final int FIRST_WITH_WEB_SOCKETS_FOR_PORTS = 30;

  /** Returns every version with every transport that it has for exec and attach. */
  static List<StreamSession> forCommands() throws Exception {
    return since(FIRST_WITH_WEB_SOCKETS);
  }

  /** Returns every version with every transport that it has for port-forward. */
  static List<StreamSession> forPorts() throws Exception {
    return since(FIRST_WITH_WEB_SOCKETS_FOR_PORTS);
  }

  /** Returns the newest version with either transport. */
  static List<StreamSession> newest() throws Exception {
    Path newest = Kubectl.versions().getLast();
    return List.of(new StreamSession(newest, false), new StreamSession(newest, true));
  }

  private static List<StreamSession> since(int firstWithWebSockets) throws Exception {
    List<StreamSession> sessions = new ArrayList<>();
    for (Path binary : Kubectl.versions()) {
      sessions.add(new StreamSession(binary, false));
      Matcher named = MINOR.matcher(binary.toString());
      if (named.find() && Integer.parseInt(named.group(1)) >= firstWithWebSockets) {
        sessions.add(new StreamSession(binary, true));
      }
    }
    return sessions;
  }

  Kubectl kubectl(TestMesh mesh) throws Exception {
    String on = String.valueOf(webSockets);
    return mesh.kubectl(binary)
        .with("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", on)
        .with("KUBECTL_PORT_FORWARD_WEBSOCKETS", on);
  }

  @Override
  public String toString() {
    return binary.getFileName() + (webSockets ? " over WebSocket" : " over SPDY");
  }
}
