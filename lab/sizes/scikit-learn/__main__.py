"""Trees are grown in two processes, and the model is kept."""

import multiprocessing

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main():
    values, kinds = load_iris(return_X_y=True)
    scaled = make_pipeline(StandardScaler(), LogisticRegression())
    scores = cross_val_score(scaled, values, kinds, cv=4, n_jobs=2)
    print(len(scores), bool(scores.mean() > 0.9))
    squares = joblib.Parallel(n_jobs=2)(joblib.delayed(pow)(number, 2) for number in range(6))
    print(squares)
    forest = RandomForestClassifier(n_estimators=20, random_state=0, n_jobs=2).fit(values, kinds)
    joblib.dump(forest, "forest.joblib")
    print(forest.predict(values[:3]).tolist(), bool(joblib.load("forest.joblib").score(values, kinds) > 0.9))


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
