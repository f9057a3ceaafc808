package io.hubspoke.apiserver.resources;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code kubectl get pods} shows of a pod's life. */
class PodColumnsTest {
  private static final String NOW = "2026-01-01T12:00:00Z";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'phase':'Pending' | 0/1 | Pending",
        "'phase':'Pending','conditions':[{'type':'PodScheduled','status':'False',"
            + "'reason':'SchedulingGated'}] | 0/1 | SchedulingGated",
        "'phase':'Pending','containerStatuses':[{'state':{'waiting':{'reason':"
            + "'ContainerCreating'}}}] | 0/1 | ContainerCreating",
        "'phase':'Pending','containerStatuses':[{'state':{'waiting':{'reason':'ErrImagePull'}}}]"
            + " | 0/1 | ErrImagePull",
        "'phase':'Running','containerStatuses':[{'ready':true,'state':{'running':{}}}]"
            + " | 1/1 | Running",
        "'phase':'Running','containerStatuses':[{'ready':false,'state':{'running':{}}}]"
            + " | 0/1 | Running",
        "'phase':'Running','containerStatuses':[{'restartCount':4,'state':{'waiting':{'reason':"
            + "'CrashLoopBackOff'}}}] | 0/1 | CrashLoopBackOff",
        "'phase':'Succeeded','containerStatuses':[{'state':{'terminated':{'reason':'Completed',"
            + "'exitCode':0}}}] | 0/1 | Completed",
        "'phase':'Failed','containerStatuses':[{'state':{'terminated':{'reason':'Error',"
            + "'exitCode':1}}}] | 0/1 | Error",
        "'phase':'Failed','containerStatuses':[{'state':{'terminated':{'exitCode':3}}}]"
            + " | 0/1 | ExitCode:3",
        "'phase':'Failed','containerStatuses':[{'state':{'terminated':{'signal':9,"
            + "'exitCode':137}}}] | 0/1 | Signal:9",
        "'phase':'Failed','reason':'Evicted' | 0/1 | Evicted",
        "'phase':'Running','conditions':[{'type':'Ready','status':'True'}],'containerStatuses':["
            + "{'state':{'terminated':{'reason':'Completed'}}},{'ready':true,'state':{'running':"
            + "{}}}] | 1/1 | Running",
        "'phase':'Running','containerStatuses':[{'state':{'terminated':{'reason':'Completed'}}},"
            + "{'ready':true,'state':{'running':{}}}] | 1/1 | NotReady",
      })
  void showsWhatTheContainersAreDoing(String status, String ready, String shown) {
    Map<String, String> row = row("'containers':[{'name':'c'}]", status);
    assertThat(row).containsEntry("Ready", ready).containsEntry("Status", shown);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'name':'i','state':{'running':{}}} | Init:0/2",
        "{'name':'i','state':{'terminated':{'exitCode':0}}},{'name':'j','state':{'running':{}}}"
            + " | Init:1/2",
        "{'name':'i','state':{'waiting':{'reason':'PodInitializing'}}} | Init:0/2",
        "{'name':'i','state':{'waiting':{'reason':'CrashLoopBackOff'}}} | Init:CrashLoopBackOff",
        "{'name':'i','state':{'terminated':{'exitCode':1,'reason':'Error'}}} | Init:Error",
        "{'name':'i','state':{'terminated':{'exitCode':2}}} | Init:ExitCode:2",
      })
  void showsHowFarInitializationIs(String statuses, String shown) {
    assertThat(
            row(
                "'containers':[{'name':'c'}],'initContainers':[{'name':'i'},{'name':'j'}]",
                "'phase':'Pending','initContainerStatuses':["
                    + statuses
                    + "],'containerStatuses':[{'state':{'waiting':{'reason':'PodInitializing'}}}]"))
        .containsEntry("Status", shown);
  }

  @Test
  void countsSidecarsAmongTheContainers() {
    Map<String, String> row =
        row(
            "'containers':[{'name':'c'}],"
                + "'initContainers':[{'name':'i'},{'name':'s','restartPolicy':'Always'}]",
            "'phase':'Running','initContainerStatuses':["
                + "{'name':'i','restartCount':5,'state':{'terminated':{'exitCode':0}}},"
                + "{'name':'s','restartCount':2,'ready':true,'started':true,"
                + "'state':{'running':{}}}],"
                + "'containerStatuses':[{'ready':true,'restartCount':1,'state':{'running':{}}}]");
    assertThat(row)
        .containsEntry("Ready", "2/2")
        .containsEntry("Status", "Running")
        .containsEntry("Restarts", "3");
  }

  @Test
  void showsRestartsAndWhenTheLastWas() {
    assertThat(
            row(
                "'containers':[{'name':'c'}]",
                "'phase':'Running','containerStatuses':[{'ready':true,'restartCount':2,"
                    + "'state':{'running':{}},"
                    + "'lastState':{'terminated':{'finishedAt':'2026-01-01T11:58:30Z'}}}]"))
        .containsEntry("Restarts", "2 (90s ago)");
  }

  @Test
  void showsPodsThatAreBeingDeletedAsTerminatingUntilTheyHaveEnded() {
    String deleting = "'deletionTimestamp':'2026-01-01T11:59:00Z',";
    String spec = "'spec':{'containers':[{'name':'c'}]},";
    Written pods = Written.as(ResourceTable.PODS);
    assertThat(
            pods.row(
                "{'metadata':{"
                    + deleting
                    + "'name':'p'},"
                    + spec
                    + "'status':{'phase':'Running'}}",
                NOW))
        .containsEntry("Status", "Terminating");
    assertThat(
            pods.row(
                "{'metadata':{" + deleting + "'name':'p'}," + spec + "'status':{'phase':'Failed'}}",
                NOW))
        .containsEntry("Status", "Failed");
    assertThat(
            pods.row(
                "{'metadata':{"
                    + deleting
                    + "'name':'p'},"
                    + spec
                    + "'status':{'phase':'Running','reason':'NodeLost'}}",
                NOW))
        .containsEntry("Status", "Unknown");
  }

  @Test
  void showsWhereAPodRunsWhenAskedForMore() {
    Map<String, String> row =
        row(
            "'nodeName':'n1','containers':[{'name':'c'}],"
                + "'readinessGates':[{'conditionType':'up'},{'conditionType':'fed'}]",
            "'podIPs':[{'ip':'127.20.0.9'}],'conditions':[{'type':'up','status':'True'}]");
    assertThat(row)
        .containsEntry("IP", "127.20.0.9")
        .containsEntry("Node", "n1")
        .containsEntry("Nominated Node", "<none>")
        .containsEntry("Readiness Gates", "1/2")
        .containsEntry("Age", "3m20s");
  }

  private static Map<String, String> row(String spec, String status) {
    return Written.as(ResourceTable.PODS)
        .row(
            "{'metadata':{'name':'p','creationTimestamp':'2026-01-01T11:56:40Z'},'spec':{"
                + spec
                + "},'status':{"
                + status
                + "}}",
            NOW);
  }
}
