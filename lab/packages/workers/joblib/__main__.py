import os

from joblib import Parallel, delayed
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score


def square(number):
    return number * number, os.getpid()


if __name__ == "__main__":
    squares, processes = zip(*Parallel(n_jobs=2)(delayed(square)(number) for number in range(6)))
    print(squares)
    print("here:", os.getpid() in processes)
    samples, classes = make_classification(n_samples=200, random_state=0)
    forest = RandomForestClassifier(n_estimators=20, random_state=0)
    scores = cross_val_score(forest, samples, classes, cv=4, n_jobs=2)
    print(len(scores), "scores, good:", bool((scores > 0.8).all()))
