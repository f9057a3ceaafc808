package io.hubspoke.lab.bench.service;

import io.hubspoke.kubeproxy.Proxier;
import java.io.Closeable;
import java.util.List;

/** Where a client reaches the same servers at their own addresses and through a service's. */
interface Stage extends Closeable {
  /** Ports of the servers; a service leads from the same ports. */
  int EXCHANGE = 8080;

  int SOURCE = 8081;

  int HTTP = 8082;

  /** What forwards there; it is started. */
  Proxier proxier();

  /** Addresses of the servers. */
  List<String> servers();

  /** Returns the virtual address of a service; the first one's leads to the servers. */
  String virtualIp(int service);

  /** Returns an address where nobody is. */
  String endpoint(int number);

  /** Starts a thread whose connections begin where the client is. */
  Thread client(String title, Runnable work);
}
