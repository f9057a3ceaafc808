package io.hubspoke.lab.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP/1.1 connections to an apiserver, each with one request at a time, on one event loop: as
 * little of a client as can be, since it shares the processors with what it measures.
 */
public final class Connections {
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

  private final ClientConfig config;
  private final Context loop;
  private final HttpClient http;
  private final MultiMap headers;

  /** Makes a client with up to so many connections. */
  public Connections(Vertx vertx, ClientConfig config, int most) {
    this.config = config;
    this.loop = vertx.getOrCreateContext();
    ReloadableKeys keys =
        config.credentials() instanceof Credentials.Certificate certificate
            ? new ReloadableKeys(certificate.identity())
            : null;
    HttpClientOptions options =
        new HttpClientOptions()
            .setDefaultHost(config.server().getHost())
            .setDefaultPort(config.server().getPort() < 0 ? 443 : config.server().getPort())
            .setProtocolVersion(HttpVersion.HTTP_1_1)
            .setVerifyHost(!config.insecureSkipTlsVerify());
    this.http =
        vertx
            .httpClientBuilder()
            .with(
                Tls.connect(
                    options,
                    keys,
                    config.insecureSkipTlsVerify()
                        ? Tls.trustAny(config.authorities())
                        : Tls.trust(config.authorities())))
            .with(new PoolOptions().setHttp1MaxSize(most).setMaxWaitQueueSize(most))
            .build();
    MultiMap common =
        HttpHeaders.headers()
            .add("Accept", "application/json")
            .add("Content-Type", "application/json")
            .add("User-Agent", "hubspoke-bench");
    if (config.credentials() instanceof Credentials.Token token) {
      common.add("Authorization", "Bearer " + token.value());
    }
    this.headers = common.copy(false);
  }

  /** The event loop that answers come on. */
  Context loop() {
    return loop;
  }

  /** Runs it on the loop, from any thread. */
  <T> Future<T> onLoop(Callable<Future<T>> task) {
    Promise<T> done = Promise.promise();
    loop.runOnContext(
        v -> {
          try {
            task.call().onComplete(done);
          } catch (Exception e) {
            done.fail(e);
          }
        });
    return done.future();
  }

  /** Sends a request from any thread and returns the answer's status. */
  Future<Integer> ask(HttpMethod method, String path, Buffer body) {
    return onLoop(() -> exchange(method, path, body));
  }

  /** Asks for it until it is there; blocks. */
  void await(String path, Duration limit) throws Exception {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      try {
        if (Component.await(ask(HttpMethod.GET, path, null)) == 200) {
          return;
        }
      } catch (IOException notYet) {
        LOG.debug("no {} yet: {}", path, notYet.getMessage());
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException(path + " was not there within " + limit.toSeconds() + " s");
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  /** Sends a request; the answer's body is yet to be read. */
  Future<HttpClientResponse> send(HttpMethod method, String path, Buffer body) {
    RequestOptions options = new RequestOptions().setMethod(method).setURI(path);
    return http.request(options)
        .compose(
            request -> {
              request.headers().setAll(headers);
              return body == null ? request.send() : request.send(body);
            });
  }

  /** Sends a request and returns the answer's status when all of it has come; on the loop. */
  Future<Integer> exchange(HttpMethod method, String path, Buffer body) {
    return send(method, path, body)
        .compose(response -> response.end().map(v -> response.statusCode()));
  }

  /** Sends a request from any thread and returns the object that it is answered with. */
  Future<ObjectNode> read(String path) {
    return onLoop(
        () ->
            send(HttpMethod.GET, path, null)
                .compose(response -> response.body())
                .map(body -> Json.parseObject(body.getBytes())));
  }

  /** Returns what the connections are made with, for those that stop being HTTP. */
  HttpClient http() {
    return http;
  }

  public ClientConfig config() {
    return config;
  }

  public Future<Void> close() {
    return http.close();
  }
}
