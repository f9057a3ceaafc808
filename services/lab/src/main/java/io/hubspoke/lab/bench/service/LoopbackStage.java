package io.hubspoke.lab.bench.service;

import io.hubspoke.kubeproxy.Proxier;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Everything on addresses of loopback, which need no rights: for what forwards in a process. */
final class LoopbackStage implements Stage {
  private final String network = "127." + ThreadLocalRandom.current().nextInt(130, 250);
  private final Proxier proxier;
  private final Backend server;

  LoopbackStage(Proxier proxier) throws IOException {
    this.proxier = proxier;
    this.server = new Backend(InetAddress.ofLiteral(network + ".255.1"));
  }

  @Override
  public Proxier proxier() {
    return proxier;
  }

  @Override
  public List<String> servers() {
    return List.of(network + ".255.1");
  }

  @Override
  public String virtualIp(int service) {
    return network + "." + service / 250 + "." + (1 + service % 250);
  }

  @Override
  public String endpoint(int number) {
    return network + "." + (100 + number / 250 % 150) + "." + (1 + number % 250);
  }

  @Override
  public Thread client(String title, Runnable work) {
    return Thread.ofPlatform().daemon().name(title).start(work);
  }

  @Override
  public void close() throws IOException {
    server.close();
    stop(proxier);
  }

  static void stop(Proxier proxier) throws IOException {
    try {
      Component.await(proxier.stop());
    } catch (IOException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
