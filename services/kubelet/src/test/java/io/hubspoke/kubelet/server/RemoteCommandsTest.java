package io.hubspoke.kubelet.server;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.testing.Await;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.ContextInternal;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RemoteCommandsTest {
  private static <T> T fake(Class<T> type, InvocationHandler calls) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, calls));
  }

  @Test
  void aCommandWhoseCallerLeftBeforeItStartedIsEnded() throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      var context = (ContextInternal) vertx.getOrCreateContext();
      var started = Promise.<RemoteProcess>promise();
      var ended = Promise.<Void>promise();
      var process =
          fake(
              RemoteProcess.class,
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "close" -> {
                      ended.tryComplete();
                      yield null;
                    }
                    case "exited" -> Promise.promise().future();
                    default -> new Pipe(context).source();
                  });
      var runtime = fake(ContainerRuntime.class, (self, method, arguments) -> started.future());
      var container =
          new NodePod.RunningContainer(
              "main", "", fake(ContainerRuntime.Container.class, (self, method, a) -> null));
      var pod = fake(NodePod.class, (self, method, arguments) -> List.of(container));
      var pods = fake(NodePods.class, (self, method, arguments) -> Optional.of(pod));
      var commands = new RemoteCommands(runtime, pods, null);
      var asked = Promise.<HttpServerRequest>promise();
      var server =
          Await.result(
              vertx
                  .createHttpServer()
                  .requestHandler(
                      request -> {
                        commands.run(
                            new Exchange(request, request.path(), null, access -> {})
                                .with(Map.of("containerName", "main")));
                        asked.complete(request);
                      })
                  .listen(0, "127.0.0.1"));
      HttpServerRequest request;
      try (var caller = new Socket(InetAddress.getLoopbackAddress(), server.actualPort())) {
        caller
            .getOutputStream()
            .write(
                "POST /run?cmd=x HTTP/1.1\r\nHost: n\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        request = Await.result(asked.future());
      }
      Await.until("the caller has left", () -> request.response().closed());

      started.complete(process);

      Await.result(ended.future());
    } finally {
      Await.result(vertx.close());
    }
  }
}
