import os

from dask.distributed import Client, LocalCluster


def square(number):
    return number * number


def process(_):
    return os.getpid()


if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            print(client.gather(client.map(square, range(6))))
            print("here:", os.getpid() in client.gather(client.map(process, range(4))))
            print(len(client.scheduler_info()["workers"]), "workers")
