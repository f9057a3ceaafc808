package io.hubspoke.kubeproxy.userspace;

import static io.hubspoke.kubeproxy.userspace.TestProxier.ask;
import static io.hubspoke.kubeproxy.userspace.TestProxier.freeAddress;
import static io.hubspoke.kubeproxy.userspace.TestProxier.rule;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.AddressRange;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Proxies of several nodes in one network namespace. */
class SharedListenersTest {
  private final Vertx vertx = Vertx.vertx();
  private final SharedListeners shared = new SharedListeners(ServiceListeners.create());
  private TestEndpoint a;
  private TestEndpoint b;
  private TestProxier first;
  private TestProxier second;
  private InetSocketAddress service;

  @BeforeEach
  void start() throws Exception {
    a = new TestEndpoint("a");
    b = new TestEndpoint("b");
    service = freeAddress();
    first = node("first", "127.41.0.0/24");
    second = node("second", "127.42.0.0/24");
    first.apply(rule(service, a.endpoint()));
    second.apply(rule(service, b.endpoint()));
  }

  private TestProxier node(String name, String range) {
    return new TestProxier(vertx, shared.of(name, List.of(AddressRange.parse(range))), 100);
  }

  @AfterEach
  void stop() throws Exception {
    first.close();
    second.close();
    a.close();
    b.close();
    Await.result(shared.close());
    Await.result(vertx.close());
  }

  @Test
  void the_proxy_of_the_node_that_a_connection_comes_from_forwards_it() throws Exception {
    for (int i = 1; i < 5; i++) {
      assertThat(ask(service, "127.41.0." + i)).isEqualTo("a");
      assertThat(ask(service, "127.42.0." + i)).isEqualTo("b");
    }
  }

  @Test
  void what_comes_from_no_node_goes_to_any_proxy() throws Exception {
    var names = new TreeSet<String>();
    for (int i = 0; i < 4; i++) {
      names.add(ask(service, "127.43.0.1"));
    }
    assertThat(names).containsExactly("a", "b");
  }

  @Test
  void a_node_without_its_proxy_reaches_nothing_until_there_is_the_next() throws Exception {
    first.close();
    assertThatThrownBy(() -> ask(service, "127.41.0.1")).isInstanceOf(IOException.class);
    assertThat(ask(service, "127.42.0.1")).isEqualTo("b");
    first = node("first", "127.41.0.0/24");
    assertThatThrownBy(() -> ask(service, "127.41.0.1")).isInstanceOf(IOException.class);
    first.apply(rule(service, a.endpoint()));
    assertThat(ask(service, "127.41.0.1")).isEqualTo("a");
  }

  @Test
  void a_node_that_has_the_addresses_of_one_that_is_gone_forwards_what_comes_from_them()
      throws Exception {
    first.close();
    first = node("third", "127.41.0.0/24");
    first.apply(rule(service, a.endpoint()));
    assertThat(ask(service, "127.41.0.1")).isEqualTo("a");
  }

  @Test
  void an_address_is_free_once_nobody_listens_there() throws Exception {
    first.apply();
    assertThat(ask(service, "127.42.0.1")).isEqualTo("b");
    second.apply();
    assertThatThrownBy(() -> ask(service, "127.42.0.1")).isInstanceOf(ConnectException.class);
    first.apply(rule(service, a.endpoint()));
    assertThat(ask(service, "127.41.0.1")).isEqualTo("a");
  }
}
