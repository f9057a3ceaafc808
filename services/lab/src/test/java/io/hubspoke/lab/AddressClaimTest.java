package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.hubspoke.api.AddressRange;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class AddressClaimTest {
  private static final int CLAIMS = 4;

  @Test
  void claimsMadeAtTheSameInstantGetBlocksOfTheirOwn() throws Exception {
    var together = new CountDownLatch(CLAIMS);
    Callable<AddressClaim> claim =
        () -> {
          together.countDown();
          together.await();
          return AddressClaim.first();
        };
    var claims = new ArrayList<AddressClaim>();
    try (var threads = Executors.newFixedThreadPool(CLAIMS)) {
      for (var future : threads.invokeAll(List.of(claim, claim, claim, claim))) {
        claims.add(future.get());
      }
      assertThat(new HashSet<>(claims.stream().map(AddressClaim::addresses).toList()))
          .hasSize(CLAIMS);
    } finally {
      for (var held : claims) {
        held.close();
      }
    }
  }

  @Test
  void blocksShareNoAddress() {
    var seen = new HashSet<String>();
    for (var block = 0; block < LoopbackAddresses.BLOCKS; block++) {
      var addresses = new LoopbackAddresses(block);
      for (var address :
          new String[] {
            addresses.apiserver(),
            addresses.scheduler(),
            addresses.controllerManager(),
            addresses.nodesUplink(),
            addresses.schedulerUplink(),
            addresses.controllerManagerUplink(),
            addresses.guard(),
            addresses.nodeAdvertises(1),
            addresses.nodeAdvertises(Addresses.NODES),
            addresses.nodeListens(1),
            addresses.nodeListens(Addresses.NODES),
            addresses.podCidr(1),
            addresses.podCidr(Addresses.NODES - 1)
          }) {
        assertThat(seen.add(address)).as(address).isTrue();
      }
    }
  }

  @Test
  void nodesOfALargeLabHaveAddressesAndPodNetworksOfTheirOwn() {
    var seen = new HashSet<String>();
    for (var block = 0; block < LoopbackAddresses.LARGE_BLOCKS; block++) {
      var addresses = new LoopbackAddresses(block, true);
      var pods = AddressRange.parse(addresses.podRange());
      var nodes = AddressRange.parse(addresses.nodeRange());
      for (var n = 1; n <= LoopbackAddresses.LARGE_NODES; n++) {
        var own = addresses.nodeAdvertises(n);
        var cidr = addresses.podCidr(n);
        if (!seen.add(own) || !seen.add(cidr)) {
          fail("twice: " + own + " or " + cidr);
        }
        if (!nodes.contains(InetAddress.ofLiteral(own))
            || !pods.contains(InetAddress.ofLiteral(cidr.substring(0, cidr.indexOf('/'))))) {
          fail("outside of what the apiserver dials: " + own + " or " + cidr);
        }
      }
    }
  }
}
