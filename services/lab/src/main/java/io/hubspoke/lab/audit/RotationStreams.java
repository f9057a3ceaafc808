package io.hubspoke.lab.audit;

import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.StreamTransport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Streams to one pod that are opened once and stay, over SPDY and over WebSocket: a command with
 * input, the pod's own process, a forwarded port, its log; and a connection by a virtual address.
 */
final class RotationStreams implements AutoCloseable {
  private static final RemoteCommand INPUT = new RemoteCommand(true, true, false, false);

  private final RotationPod pod;
  private final List<Conversation> opened = new ArrayList<>();
  private final List<StreamsCaller> callers = new ArrayList<>();

  RotationStreams(RotationPod pod) {
    this.pod = pod;
  }

  /** Uses a stream once more. */
  @FunctionalInterface
  interface Use {
    void once() throws Exception;
  }

  /** Opens all as the administrator; returns by name what uses each. */
  Map<String, Use> open() throws Exception {
    var mesh = pod.mesh();
    var uses = new LinkedHashMap<String, Use>();
    for (var transport : StreamTransport.values()) {
      var caller = new StreamsCaller(mesh.vertx(), mesh.adminIdentity(), transport);
      callers.add(caller);
      var exec = keep(caller.talk(pod.stream("exec?command=cat", RotationPod.CAT, INPUT), INPUT));
      uses.put("open exec over " + transport, () -> repeated(exec, "exec-" + transport));
      var attach = keep(caller.talk(pod.stream("attach?", RotationPod.CAT, INPUT), INPUT));
      uses.put("open attach over " + transport, () -> repeated(attach, "attach-" + transport));
      var port =
          keep(
              caller.connect(
                  Workload.url(mesh, pod.name()) + "/portforward?ports=" + RotationPod.PORT,
                  RotationPod.PORT));
      uses.put("open port-forward over " + transport, () -> page(port, "forwarded-" + transport));
      if (transport == StreamTransport.SPDY) {
        var log =
            new LogLines(
                keep(caller.follow(mesh.addresses().apiserverUrl() + pod.log() + "&follow=true")));
        uses.put("followed log", log::next);
      }
    }
    if (pod.forwarded()) {
      var connection = keep(pod.connect());
      uses.put("open connection by the virtual address", () -> page(connection, "virtual"));
    }
    return uses;
  }

  private Conversation keep(Conversation talk) {
    opened.add(talk);
    return talk;
  }

  /** What is said to {@code cat} comes back; of two who talk to one, each hears the other too. */
  private static void repeated(Conversation talk, String who) throws Exception {
    var word = who + "-" + System.nanoTime() + "\n";
    talk.next(word, heard -> heard.contains(word));
  }

  private static void page(Conversation connection, String who) throws Exception {
    var path = "/" + who + "-" + System.nanoTime();
    connection.next(
        "GET %s HTTP/1.1\r\nHost: pod\r\n\r\n".formatted(path),
        heard -> heard.contains("\"" + path + "\""));
  }

  /** The lines of a log, none of which may be missing. */
  private static final class LogLines {
    private final Conversation stream;
    private String begun = "";
    private long last;

    LogLines(Conversation stream) {
      this.stream = stream;
    }

    void next() throws Exception {
      var text = begun + stream.next("", heard -> heard.indexOf('\n') >= 0);
      var whole = text.lastIndexOf('\n') + 1;
      begun = text.substring(whole);
      for (var line : text.substring(0, whole).split("\n", -1)) {
        if (line.isEmpty()) {
          continue;
        }
        var number = Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
        if (number != last + 1) {
          throw new IOException("line %d came after line %d".formatted(number, last));
        }
        last = number;
      }
    }
  }

  @Override
  public void close() {
    opened.forEach(Conversation::close);
    callers.forEach(StreamsCaller::close);
  }
}
